"""What people read: tables in the terminal and artifacts in Prefect, in the words of marketing and sales."""

"""A Marketo subscription: its records, its REST and bulk APIs, its limits and its habits."""

"""Local servers that speak Salesforce's and Marketo's wire formats, around one generated company.

The package shares no code with the rest of the project and is started as a process
(`python -m simulator serve`), so that connectors are checked by something that was written apart from them.
"""

"""The simulated Salesforce org: its store, its rules and its REST API."""

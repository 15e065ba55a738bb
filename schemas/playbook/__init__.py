"""An organisation's rules as typed models: one module per YAML file of the playbook."""

"""What `triaged check` looks at, each as a finding."""

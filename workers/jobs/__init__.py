"""Run jobs: claim, work, finish, retry, discard."""

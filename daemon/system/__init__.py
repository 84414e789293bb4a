"""What the machine gives: clock, logs, locks, disk, processes and systemd."""

"""The operating system: clock, logs, lock, disk, files, threads, process limits and systemd."""

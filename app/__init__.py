"""The edges: HTTP, APNs, devices, the simulator and the command line."""

"""An APNs and its phones, read anew from Apple's pages; shares no code with the sender."""

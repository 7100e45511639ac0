"""The compiled engine: kernels, jobs over threads, kept states, and the recording of what they computed."""

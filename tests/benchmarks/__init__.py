"""What the library costs, beside others, in one run: ``python3 dev.py bench``."""

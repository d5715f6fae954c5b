"""In place of the real one, which is built for CUDA: LLaMA-Factory imports torchaudio, and only hears with it."""

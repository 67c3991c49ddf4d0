"""The language model: conditioning, training, decoding, and the shipped model."""

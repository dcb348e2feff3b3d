"""Training ``palaver/tiny`` on images, video and audio: data, preprocessing, training run."""

"""The day/night cycle GAN of P0 and P1."""

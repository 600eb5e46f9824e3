"""What related tasks share: GANs, environments, and games with closed-form solutions."""

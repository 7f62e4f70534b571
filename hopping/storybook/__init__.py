"""The storybook model: a tiny Stable Diffusion 1, trained from scratch on a world drawn by code.

Every picture of that world has a known ground truth, so an oracle can tell without doubt what a
sampled picture shows. The rooms, in the order data goes through them:

    scene.py ─▶ captions.py ─▶ tokens.py           what a picture shows, said in English, in tokens
    scene.py ─▶ world.py (places.py, figures.py, pen.py)                the same scene as a picture
    data.py ─▶ train.py (train_vae.py, train_text.py, oracle.py, train_unet.py; loop.py, team.py)
    score.py ─▶ ship.py            whether a trained model reaches the bars, and into the package
    model.py                              the architecture, and `load_storybook` for everyone else
    export.py                                                       the same model for a WebUI

Nothing in here knows about hopping masks, and no caption describes more than one picture.
"""

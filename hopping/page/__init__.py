"""What both pages are made of, the WebUI's tab and the studio's: gradio alone, no host."""

"""Style sheets and scripts of the page, which are written into it."""

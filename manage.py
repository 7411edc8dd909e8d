#!/usr/bin/env python
import gc
import os
import sys

if __name__ == "__main__":
    gc.disable()  # what is imported stays; admin_ui, the last app, enables it again
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "assistant.settings")
    from django.core.management import execute_from_command_line

    execute_from_command_line(sys.argv)

"""A store of bindings in memory."""

from __future__ import annotations

import time


class Bindings:
    """Keeps bindings as the ledger does."""

    def __init__(self):
        self.bound = {}
        self.ids = {}
        self.at = None
        self.announcements = 0
        self.made_now = []

    def fields(self, obj):
        return {label: binding for (kind, label), binding in self.bound.items() if kind == obj}

    def bind(self, obj, label, binding):
        self.bound[obj, label] = binding

    def unbind(self, obj, label):
        self.bound.pop((obj, label), None)

    def options(self, obj, field):
        return self.ids.get((obj, field), {})

    def bind_option(self, obj, field, label, option):
        self.ids.setdefault((obj, field), {})[label] = str(option)

    def unbind_option(self, obj, field, label):
        del self.ids[obj, field][label]

    def stand(self, obj, field, options):
        pass

    def made(self, obj, label, code):
        self.made_now.append((obj, label, code))

    def made_option(self, obj, field, option):
        self.made_now.append((obj, field, str(option)))

    async def announce(self):
        self.at = time.time()
        self.announcements += 1

    def announced(self):
        return self.at

    def settled(self):
        self.at = None

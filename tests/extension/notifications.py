"""The desktop's notification server (org.freedesktop.Notifications 1.2) of the tests: it shows nothing, writes a
line of JSON for each call, and does what the lines of its input say: "click ID ACTION",
"close ID", "answer MILLISECONDS" (so late it says that it shows something)."""

import json
import sys
import threading
import time

import dbus
import dbus.service
from dbus.mainloop.glib import DBusGMainLoop
from gi.repository import GLib

NAME = "org.freedesktop.Notifications"
EXPIRED, BY_USER, BY_CALL = 1, 2, 3


def tell(**what):
    print(json.dumps(what), flush=True)


class Server(dbus.service.Object):
    last = 0
    answer = 0

    @dbus.service.method(NAME, in_signature="susssasa{sv}i", out_signature="u")
    def Notify(self, app, replaces, icon, summary, body, actions, hints, timeout):
        if not replaces:
            self.last += 1
        number = int(replaces or self.last)
        texts = [str(action) for action in actions]
        tell(
            event="notify",
            id=number,
            replaces=int(replaces),
            title=str(summary),
            body=str(body),
            actions=dict(zip(texts[::2], texts[1::2])),
            timeout=int(timeout),
        )
        time.sleep(self.answer / 1000)
        return dbus.UInt32(number)

    @dbus.service.method(NAME, in_signature="u")
    def CloseNotification(self, number):
        self.closed(number, BY_CALL)

    @dbus.service.method(NAME, out_signature="as")
    def GetCapabilities(self):
        return ["actions", "body", "persistence"]

    @dbus.service.method(NAME, out_signature="ssss")
    def GetServerInformation(self):
        return ("tests", "tests", "1", "1.2")

    @dbus.service.signal(NAME, signature="us")
    def ActionInvoked(self, number, action):
        pass

    @dbus.service.signal(NAME, signature="uu")
    def NotificationClosed(self, number, reason):
        pass

    def closed(self, number, reason):
        self.NotificationClosed(dbus.UInt32(number), dbus.UInt32(reason))
        tell(event="closed", id=int(number), reason=reason)

    def click(self, number, action):
        self.ActionInvoked(dbus.UInt32(number), action)
        self.closed(number, BY_USER)


def obey(server):
    for line in sys.stdin:
        word, number, *rest = line.split()
        if word == "click":
            GLib.idle_add(server.click, int(number), rest[0])
        elif word == "answer":
            server.answer = int(number)
        else:
            GLib.idle_add(server.closed, int(number), BY_USER)
    GLib.idle_add(loop.quit)


DBusGMainLoop(set_as_default=True)
bus = dbus.SessionBus()
owner = dbus.service.BusName(NAME, bus)
loop = GLib.MainLoop()
threading.Thread(target=obey, args=(Server(bus, "/org/freedesktop/Notifications"),), daemon=True).start()
tell(event="ready")
loop.run()

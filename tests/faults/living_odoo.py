"""An Odoo of its own: talk to it as a client does, look into its database."""

import json
import os
import signal
import time
import urllib.request

import psutil
import psycopg2
from progbox_env import postgres


class Client:
    """Calls methods of models over HTTP, as the browser of admin does."""

    def __init__(self, server):
        self.url = server.url
        cookies = urllib.request.HTTPCookieProcessor()
        self.opener = urllib.request.build_opener(cookies)
        user = {"db": server.database, "login": "admin", "password": "admin"}
        self._post("/web/session/authenticate", user)

    def __call__(self, model, method, *arguments):
        params = {"model": model, "method": method, "args": arguments, "kwargs": {}}
        return self._post("/web/dataset/call_kw", params)

    def _post(self, path, params):
        body = json.dumps({"params": params}).encode()
        headers = {"Content-Type": "application/json"}
        request = urllib.request.Request(self.url + path, body, headers)
        with self.opener.open(request, timeout=120) as response:
            answer = json.load(response)
        assert "error" not in answer, answer["error"]["data"]["debug"]
        # A method without a result has none in its answer.
        return answer.get("result")


class Database:
    """A look into a database, through connections that stay open.

    Who waits looks often, and a program for each look would take more of the machine
    than what is waited for.
    """

    def __init__(self, name):
        self.name = name
        self.cursors = {}

    def rows(self, query):
        """The rows of a query, as dictionaries."""
        return self.value(f"SELECT coalesce(json_agg(r), '[]') FROM ({query}) r")

    def value(self, query):
        cursor = self._cursor(self.name)
        cursor.execute(query)
        [[value]] = cursor.fetchall()
        return value

    def wake_crons(self):
        self._cursor("postgres").execute(f"NOTIFY cron_trigger, '{self.name}'")

    def _cursor(self, database):
        if database not in self.cursors:
            connection = psycopg2.connect(
                host=str(postgres.socket()), user=postgres.ROLE, dbname=database
            )
            connection.autocommit = True
            self.cursors[database] = connection.cursor()
        return self.cursors[database]


def wait_for(condition, seconds, what, meanwhile=None, interval=0.05):
    """Wait until the condition holds; its value."""
    start = time.monotonic()
    next_time = start
    while not (value := condition()):
        now = time.monotonic()
        assert now < start + seconds, f"not in {seconds} s: {what}"
        # Scheduled actions that are woken at each look do nothing but wake.
        if meanwhile and now >= next_time:
            meanwhile()
            next_time = now + 0.5
        time.sleep(interval)
    return value


def kill_hard(process):
    """SIGKILL for a process and all that it started, wkhtmltopdf included."""
    family = [process, *process.children(recursive=True)]
    for member in family:
        try:
            os.kill(member.pid, signal.SIGKILL)
        except ProcessLookupError:
            continue
    psutil.wait_procs(family, timeout=10)


def cron_workers(server):
    """The processes of a prefork server that run scheduled actions."""
    # Odoo makes these, and no others, nicer than their parent.
    children = psutil.Process(server.process.pid).children()
    return [child for child in children if _niceness(child) == 10]


def _niceness(process):
    try:
        return process.nice()
    except psutil.NoSuchProcess:
        return None

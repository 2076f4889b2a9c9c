"""A portal with a log-in by card, in Django, in one file: a project has its configuration in ``settings.py``."""

from __future__ import annotations

from collections.abc import Callable
from typing import cast

import django
from django.conf import settings
from django.core.exceptions import RequestDataTooBig
from django.core.handlers.wsgi import WSGIHandler
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.middleware.csrf import get_token, rotate_token
from django.urls import path
from django.views.decorators.http import require_GET, require_POST
from django.views.static import serve
from page import HEADERS, STATIC, TOKEN_MAX, page

from mynacard.errors import LoginRefused
from mynacard.webeid import Login


def app(login: Login, cookie_key: str) -> WSGIHandler:
    """The portal. *cookie_key* signs what Django signs: a secret of the portal, the same in all its processes."""
    secure = login.origin.startswith("https:")
    settings.configure(
        LOGIN=login,
        SECRET_KEY=cookie_key,
        ALLOWED_HOSTS=[login.origin.split("//")[1].partition(":")[0]],
        ROOT_URLCONF=__name__,
        MIDDLEWARE=[
            "django_portal.with_headers",
            "django.contrib.sessions.middleware.SessionMiddleware",
            "django.middleware.csrf.CsrfViewMiddleware",
        ],
        SESSION_ENGINE="django.contrib.sessions.backends.cache",  # in this process; a portal of several has a database
        SESSION_COOKIE_NAME="session",
        SESSION_COOKIE_AGE=3600,  # seconds
        SESSION_COOKIE_SAMESITE="Strict",
        SESSION_COOKIE_SECURE=secure,
        CSRF_USE_SESSIONS=True,
        CSRF_HEADER_NAME="HTTP_X_CSRF_TOKEN",
        CSRF_FAILURE_VIEW="django_portal.forged",
        DATA_UPLOAD_MAX_MEMORY_SIZE=TOKEN_MAX,
    )
    django.setup()
    return WSGIHandler()


def portal_login() -> Login:
    return cast(Login, settings.LOGIN)


@require_GET
def show(request: HttpRequest) -> HttpResponse:
    return HttpResponse(page(get_token(request), request.session.get("account")))


@require_POST
def nonce(request: HttpRequest) -> HttpResponse:
    return JsonResponse({"nonce": portal_login().begin(session_id(request))})


@require_POST
def log_in(request: HttpRequest) -> HttpResponse:
    try:
        visitor = portal_login().finish(session_id(request), request.body.decode("utf-8", "replace"))
    except LoginRefused as reason:  # its text, and the steps of a check, are for the portal's log
        return JsonResponse({"code": reason.code}, status=403)
    except RequestDataTooBig:
        return JsonResponse({"code": "too-long"}, status=413)
    request.session.cycle_key()  # so that an attacker who knows the old one is not logged in, too
    request.session["account"] = visitor.account_id
    rotate_token(request)
    return JsonResponse({"account": visitor.account_id})


@require_POST
def log_out(request: HttpRequest) -> HttpResponse:
    request.session.flush()
    return JsonResponse({})


def session_id(request: HttpRequest) -> str:
    """There is one: the CSRF token that was just checked is in this session."""
    return str(request.session.session_key)


def forged(request: HttpRequest, reason: str) -> HttpResponse:
    return JsonResponse({"code": "csrf"}, status=403)


def with_headers(answer: Callable[[HttpRequest], HttpResponse]) -> Callable[[HttpRequest], HttpResponse]:
    def answer_with_headers(request: HttpRequest) -> HttpResponse:
        response = answer(request)
        for name, value in HEADERS.items():
            response[name] = value
        return response

    return answer_with_headers


urlpatterns = [
    path("", show),
    path("nonce", nonce),
    path("login", log_in),
    path("logout", log_out),
    path("static/<path:path>", serve, {"document_root": STATIC}),  # better left to the web server before the portal
]

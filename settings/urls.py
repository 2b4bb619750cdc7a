"""Which URL belongs to whom? Ours under /api/, health for machines, the admin for people."""

from django.conf import settings
from django.contrib import admin
from django.urls import URLPattern, URLResolver, include, path

urlpatterns: list[URLPattern | URLResolver] = [
    path("", include("api.urls")),
    path("admin/", admin.site.urls),
]

# Only where Silk was told to ask who is there: to be installed is not enough.
if getattr(settings, "SILKY_AUTHENTICATION", False) and getattr(settings, "SILKY_AUTHORISATION", False):
    urlpatterns.append(path("silk/", include("silk.urls", namespace="silk")))

handler400 = "api.errors.bad_request"
handler403 = "api.errors.permission_denied"
handler404 = "api.errors.not_found"
handler500 = "api.errors.server_error"

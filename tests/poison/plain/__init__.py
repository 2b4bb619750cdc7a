"""What does one write without thinking of poison? Views of Django REST framework, two decorators each.

As the documentation shows them: https://www.django-rest-framework.org/api-guide/caching/ and
https://docs.djangoproject.com/en/5.2/topics/http/decorators/#django.views.decorators.cache.cache_control.
Same models, same database, same URLs as the service; no mistake was put in.
"""

"""How are categories read?"""

from __future__ import annotations

from api import routes
from api.models import Category
from api.openapi import describes_detail, describes_list
from api.serializers.categories import CategoryItem
from api.views.resources import DetailView, DirectoryView


@describes_list(routes.CATEGORY_LIST, CategoryItem, "List categories", tag="categories")
class CategoryList(DirectoryView):
    """All categories."""

    route = routes.CATEGORY_LIST
    model = Category
    collection = "categories"
    serializer_class = CategoryItem


@describes_detail(routes.CATEGORY_DETAIL, CategoryItem, "Show a category", tag="categories")
class CategoryDetail(DetailView):
    """One category, by id or slug."""

    route = routes.CATEGORY_DETAIL
    model = Category
    kind = "category"
    serializer_class = CategoryItem

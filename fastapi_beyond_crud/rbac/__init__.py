"""Roles, permissions and requirements: who may do what."""

from fastapi_beyond_crud.rbac.requirements import Requirement, all_of, any_of
from fastapi_beyond_crud.rbac.roles import Role, RoleMap

__all__ = ["Requirement", "Role", "RoleMap", "all_of", "any_of"]

"""``python -m fastapi_beyond_crud.cli``, for where scripts are not on the path."""

from fastapi_beyond_crud.cli import main

main()

"""Only the C extension lives here; everything else is in pyproject.toml.

The extension is optional: without a compiler the install succeeds and `sequester doctor` says that the pure-Python matcher is used.
"""

from pathlib import Path

from setuptools import Extension, setup

setup(
    ext_modules=[
        Extension(
            "sequester.exposure._kernel",
            sources=["src/sequester/exposure/_kernel.c"],
            depends=[str(path) for path in Path("src/sequester/exposure").glob("_kernel*.h")],
            extra_compile_args=["-O3", "-std=c11", "-Wall", "-Wextra", "-Wno-missing-field-initializers"],
            define_macros=[("Py_LIMITED_API", "0x030B0000")],
            py_limited_api=True,
            optional=True,
        )
    ],
    options={"bdist_wheel": {"py_limited_api": "cp311"}},
)

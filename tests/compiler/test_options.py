"""Options of a compilation are declared once, and every door takes all of them."""

from neurodeploy.base.described import field_meanings
from neurodeploy.compiler import CompileOptions
from neurodeploy.compiler.options import CompileChoices
from neurodeploy.mapping import MappingOptions


def test_keyword_arguments_are_the_fields_of_the_options():
    assert set(CompileChoices.__annotations__) == set(CompileOptions.model_fields)


def test_options_of_a_compilation_hold_those_of_the_mapping():
    assert issubclass(CompileOptions, MappingOptions)
    assert all(field_meanings(CompileOptions).values())

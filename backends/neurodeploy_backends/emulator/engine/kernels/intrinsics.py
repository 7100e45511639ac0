# pyright: basic, reportCallIssue=false
"""Machine operations that numba lacks: unchecked views, 32-bit shifts, bit scans, prefetch, and the meeting of threads.

With NEURODEPLOY_CHECKED=1 every view is a slice with checked bounds and every index is checked, which is much slower.
"""

import os
from functools import partial

from llvmlite import ir
from numba import njit as _njit
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic
from numba.np.arrayobj import populate_array

__all__ = [
    "CAN_YIELD",
    "CHECKED",
    "down",
    "flagged",
    "lent",
    "meet",
    "njit",
    "prefetch",
    "trailing_zeros",
    "up",
    "view",
    "word_at",
]

CHECKED = bool(os.environ.get("NEURODEPLOY_CHECKED"))
CAN_YIELD = hasattr(os, "sched_yield")
njit = partial(_njit, boundscheck=True) if CHECKED else _njit
SPINS = 2000
"""Tries before a waiting thread lets another one run."""


@intrinsic
def _borrowed(typingctx, array, offset, size):
    """View of array[offset : offset + size] without bounds checks or reference counts."""

    def generate(context, builder, signature, arguments):
        source = context.make_array(signature.args[0])(context, builder, arguments[0])
        view = context.make_array(signature.return_type)(context, builder)
        width = context.get_abi_sizeof(context.get_data_type(signature.args[0].dtype))
        itemsize = context.get_constant(types.intp, width)
        populate_array(
            view,
            data=builder.gep(source.data, [arguments[1]]),
            shape=cgutils.pack_array(builder, [arguments[2]]),
            strides=cgutils.pack_array(builder, [itemsize]),
            itemsize=itemsize,
            meminfo=None,
        )
        return view._getvalue()

    return types.Array(array.dtype, 1, "C")(array, types.int64, types.int64), generate


@intrinsic
def lent(typingctx, group):
    """The named tuple with arrays that are not reference counted: counting costs more than a short loop."""

    def generate(context, builder, signature, arguments):
        items = []
        for number, kind in enumerate(signature.args[0].types):
            item = builder.extract_value(arguments[0], number)
            if isinstance(kind, types.Array):
                array = context.make_array(kind)(context, builder, item)
                array.meminfo = cgutils.get_null_value(array.meminfo.type)
                array.parent = cgutils.get_null_value(array.parent.type)
                item = array._getvalue()
            items.append(item)
        return context.make_tuple(builder, signature.return_type, items)

    return group(group), generate


@njit
def _checked(array, offset, size):
    if offset < 0 or size < 0 or offset + size > array.size:
        raise IndexError("a view leaves its arena")
    return array[offset : offset + size]


view = _checked if CHECKED else _borrowed


@intrinsic
def up(typingctx, x, shift):
    """x << shift in 32 bits; numba's own shift would widen x and halve the vector lanes."""

    def generate(context, builder, signature, arguments):
        return builder.shl(*arguments)

    return types.int32(types.int32, types.int32), generate


@intrinsic
def down(typingctx, x, shift):
    """x >> shift, arithmetic, in 32 bits."""

    def generate(context, builder, signature, arguments):
        return builder.ashr(*arguments)

    return types.int32(types.int32, types.int32), generate


@intrinsic
def trailing_zeros(typingctx, word):
    """Number of the lowest bit set; `word` is not 0."""

    def generate(context, builder, signature, arguments):
        kind = ir.FunctionType(ir.IntType(64), [ir.IntType(64), ir.IntType(1)])
        count = cgutils.get_or_insert_function(builder.module, kind, "llvm.cttz.i64")
        return builder.call(count, [arguments[0], ir.Constant(ir.IntType(1), 1)])

    return types.int64(types.uint64), generate


@intrinsic
def flagged(typingctx, flags, offset):
    """64 bits, one for each byte from `offset` on: set where the byte is not 0."""

    def generate(context, builder, signature, arguments):
        source = context.make_array(signature.args[0])(context, builder, arguments[0])
        bytes_ = ir.VectorType(ir.IntType(8), 64)
        place = builder.bitcast(builder.gep(source.data, [arguments[1]]), bytes_.as_pointer())
        loaded = builder.load(place, align=1)
        return builder.bitcast(builder.icmp_unsigned("!=", loaded, ir.Constant(bytes_, None)), ir.IntType(64))

    return types.uint64(flags, types.int64), generate


@intrinsic
def word_at(typingctx, array, offset):
    """The 64 bits that start at an element, aligned or not."""

    def generate(context, builder, signature, arguments):
        source = context.make_array(signature.args[0])(context, builder, arguments[0])
        place = builder.bitcast(builder.gep(source.data, [arguments[1]]), ir.IntType(64).as_pointer())
        return builder.load(place, align=1)

    return types.uint64(array, types.uint64), generate


@intrinsic
def prefetch(typingctx, array, offset):
    """Prefetch the cache line of an element; any offset is safe."""

    def generate(context, builder, signature, arguments):
        source = context.make_array(signature.args[0])(context, builder, arguments[0])
        byte, number = ir.IntType(8).as_pointer(), ir.IntType(32)
        place = builder.bitcast(builder.gep(source.data, [arguments[1]]), byte)
        kind = ir.FunctionType(ir.VoidType(), [byte, number, number, number])
        call = cgutils.get_or_insert_function(builder.module, kind, "llvm.prefetch.p0i8")
        builder.call(call, [place, ir.Constant(number, 0), ir.Constant(number, 3), ir.Constant(number, 1)])
        return context.get_dummy_value()

    return types.void(array, types.int64), generate


@intrinsic
def _add_shared(typingctx, array):
    """Add 1 to element 0 atomically."""

    def generate(context, builder, signature, arguments):
        source = context.make_array(signature.args[0])(context, builder, arguments[0])
        builder.atomic_rmw("add", source.data, ir.Constant(ir.IntType(64), 1), "seq_cst")
        return context.get_dummy_value()

    return types.void(array), generate


@intrinsic
def _read_shared(typingctx, array):
    """Element 0 as other threads have written it."""

    def generate(context, builder, signature, arguments):
        source = context.make_array(signature.args[0])(context, builder, arguments[0])
        return builder.load_atomic(source.data, "acquire", 8)

    return types.int64(array), generate


_yield_thread = types.ExternalFunction("sched_yield", types.int32()) if CAN_YIELD else None


@njit
def meet(arrived, target):
    """Wait until `target` arrivals are counted, this one included."""
    _add_shared(arrived)
    tries = 0
    while _read_shared(arrived) < target:
        tries += 1
        if CAN_YIELD and tries > SPINS:
            _yield_thread()

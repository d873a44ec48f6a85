// What compiled code refers to, as the garbage collector sees it.
//
// Compiled code holds references: to code that it calls, to the values of class attributes (not to
// functions, classes and properties: weak_constants.h). It belongs to a code object, which the
// collector does not look into. So a function whose code refers to, say, an object of its module is
// a part of a cycle (by way of the globals) which would never be collected. Therefore a
// function says that these references are its own, where that is true.
//
// Contract: they are visited exactly as often as they are held. So only the one function does that
// is the code object's only owner, besides compiled code: then no other function and no frame has
// it.
#pragma once

#include "cpython/v3_11/interpreter.h"

namespace pyston::host {

// Takes tp_traverse and tp_clear of functions over / gives them back.
void takeFunctionTraversal();
void giveBackFunctionTraversal();

} // namespace pyston::host

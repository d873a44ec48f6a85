// Functions, classes, modules, properties, static and class methods that compiled code names by
// their address without keeping them alive.
//
// They die as ever: finalizers, weak references and what they hold see nothing of it. Only the
// memory of one that is named stays until no code names it any more, so that no other object gets
// its address and is taken for it. Nothing but guards looks at it then, and none holds: the dead
// function has no code, the dead class no version; modules and descriptors are looked at only where
// they were just found. (Compiled code may take and give back a reference to it before it finds
// that out.)
#pragma once

#include "cpython/v3_11/interpreter.h"

namespace pyston::host {

// Whether any code names it. Who frees functions has to ask.
bool isNamed(const PyObject* object);
bool anyNamed();

// The function has no references left, and is named: lets go of what it holds.
void retireFunction(PyFunctionObject* function);

} // namespace pyston::host

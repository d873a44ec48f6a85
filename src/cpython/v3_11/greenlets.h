// Greenlets: several C stacks in one thread, with frames that are on no thread's chain.
#pragma once

#include "cpython/v3_11/interpreter.h"

namespace pyston::host {

// Is the greenlet package there? Then the C stack must be one piece: it copies parts of it away and
// back.
bool greenletIsLoaded();

// Would a switch from one greenlet to another be noticed (noticeSwitch() is called before it)? If
// the package is there, its functions are made to say so. (Quick while no module comes or goes.)
bool findOutAboutSwitches(PyThreadState* tstate);
extern uint64_t noticingVersion; // of the modules' dict, with which they are
inline bool noticesSwitches(PyThreadState* tstate) {
    PyObject* modules = tstate->interp->modules;
    if (modules != nullptr && PyDict_CheckExact(modules) &&
        reinterpret_cast<PyDictObject*>(modules)->ma_version_tag == noticingVersion) [[likely]]
        return true;
    return findOutAboutSwitches(tstate);
}

// Are there greenlets, of whatever state, besides the threads' main ones?
bool otherGreenletsExist(PyThreadState* tstate);

} // namespace pyston::host

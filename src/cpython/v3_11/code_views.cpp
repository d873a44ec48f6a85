// co_code is cached before code is patched (osr.cpp). Two views read the instructions themselves:
// comparison, and `_co_code_adaptive` (dis with adaptive=True). Both stop the watching first.
#include "cpython/v3_11/code_views.h"

#include "cpython/v3_11/osr.h"

#include <cstring>

namespace pyston::host {
namespace {

richcmpfunc originalCompare = nullptr;
getter originalAdaptive = nullptr;

void showOriginal(PyObject* object) {
    if (!PyCode_Check(object))
        return;
    if (HostCode* data = findHostCode(reinterpret_cast<PyCodeObject*>(object)))
        unwatchLoops(data);
}

PyObject* compare(PyObject* left, PyObject* right, int operation) {
    showOriginal(left);
    showOriginal(right);
    return originalCompare(left, right, operation);
}

PyObject* adaptive(PyObject* code, void* closure) {
    showOriginal(code);
    return originalAdaptive(code, closure);
}

} // namespace

void hidePatches() {
    if (originalCompare != nullptr)
        return;
    originalCompare = PyCode_Type.tp_richcompare;
    PyCode_Type.tp_richcompare = compare;
    // The descriptor that the class has refers to this row.
    for (PyGetSetDef* row = PyCode_Type.tp_getset; row != nullptr && row->name != nullptr; ++row) {
        if (std::strcmp(row->name, "_co_code_adaptive") == 0) {
            originalAdaptive = row->get;
            row->get = adaptive;
        }
    }
}

} // namespace pyston::host

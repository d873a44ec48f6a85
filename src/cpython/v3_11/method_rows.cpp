#include "cpython/v3_11/method_rows.h"

#include <cstring>

namespace pyston::host {

PyMethodDef* builtinRow(const char* module, const char* name, int flags) {
    PyObject* modules = PyImport_GetModuleDict();
    PyObject* object = PyDict_Check(modules) ? PyDict_GetItemString(modules, module) : nullptr;
    PyObject* dict =
        object != nullptr && PyModule_Check(object) ? PyModule_GetDict(object) : nullptr;
    PyObject* function = dict != nullptr ? PyDict_GetItemString(dict, name) : nullptr;
    if (function == nullptr || !PyCFunction_CheckExact(function))
        return nullptr;
    PyMethodDef* row = reinterpret_cast<PyCFunctionObject*>(function)->m_ml;
    return std::strcmp(row->ml_name, name) == 0 && row->ml_flags == flags ? row : nullptr;
}

} // namespace pyston::host

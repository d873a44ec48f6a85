#include "cpython/v3_11/tracing.h"

#include "cpython/v3_11/method_rows.h"
#include "cpython/v3_11/osr.h"
#include "support/imported_symbols.h"

#include <cstring>
#include <string_view>
#include <utility>
#include <vector>

namespace pyston::host {

bool tracingSeen = false;

namespace {

// Between the event and its effect other code can run (audit hooks, the old trace object's
// finalizer).
constexpr int kCallsBeforeLooking = 1024;
int callsBeforeLooking = 0;

} // namespace

// A traced frame executes what counts co_warmup up, so that no calls may be left in it (isIdle()).
void noticeTracing() {
    callsBeforeLooking = kCallsBeforeLooking;
    if (tracingSeen)
        return;
    tracingSeen = true;
    forbidWatching();
    forbidEntryPatches();
    withdrawAllAdoptions();
    for (runtime::CodeData* data : runtime::allCode())
        wake(static_cast<HostCode*>(data));
}

namespace {

// --- how tracing can begin
//
// sys.settrace, sys.setprofile and the C functions behind them raise audit events before they take
// effect. But with a hook for these, each audited event of the program costs more (marshal.loads
// alone copies all that is imported). So the two functions tell us themselves, and a hook is added
// only when an extension is loaded that may call those C functions.

int onAuditEvent(const char* event, PyObject*, void*) {
    if (std::strcmp(event, "sys.settrace") == 0 || std::strcmp(event, "sys.setprofile") == 0)
        noticeTracing();
    return 0;
}

// As PySys_AddAuditHook(), which would itself raise an event.
void listenToAudits() {
    static bool listens = false;
    if (std::exchange(listens, true))
        return;
    // (The interpreter frees it.)
    auto* entry = static_cast<_Py_AuditHookEntry*>(PyMem_RawMalloc(sizeof(_Py_AuditHookEntry)));
    if (entry == nullptr)
        return;
    *entry = {_PyRuntime.audit_hook_head, onAuditEvent, nullptr};
    _PyRuntime.audit_hook_head = entry;
}

// Does the object call a function that starts tracing, or is it a module that can look one up?
bool mayStartTracing(const std::vector<const char*>& imports) {
    bool isModule = false, looksUp = false;
    for (const char* name : imports) {
        std::string_view symbol(name);
        if (symbol.starts_with("_"))
            symbol.remove_prefix(1);
        if (symbol == "PyEval_SetTrace" || symbol == "PyEval_SetProfile")
            return true;
        isModule |= symbol == "PyModuleDef_Init" || symbol == "PyModule_Create2";
        looksUp |= symbol == "dlsym";
    }
    return isModule && looksUp;
}

PyCFunction originalSetTrace = nullptr;
PyCFunction originalSetProfile = nullptr;
_PyCFunctionFast originalCreateDynamic = nullptr;

PyObject* setTrace(PyObject* module, PyObject* function) {
    noticeTracing();
    return originalSetTrace(module, function);
}

PyObject* setProfile(PyObject* module, PyObject* function) {
    noticeTracing();
    return originalSetProfile(module, function);
}

PyObject* createDynamic(PyObject* module, PyObject* const* args, Py_ssize_t count) {
    PyObject* result = originalCreateDynamic(module, args, count);
    if (support::anyNewObject(mayStartTracing))
        listenToAudits();
    return result;
}

void watchForTracing() {
    PyMethodDef* trace = builtinRow("sys", "settrace", METH_O);
    PyMethodDef* profile = builtinRow("sys", "setprofile", METH_O);
    PyMethodDef* create = builtinRow("_imp", "create_dynamic", METH_FASTCALL);
    if (trace == nullptr || profile == nullptr || create == nullptr ||
        support::anyNewObject(mayStartTracing))
        return listenToAudits();
    originalSetTrace = std::exchange(trace->ml_meth, setTrace);
    originalSetProfile = std::exchange(profile->ml_meth, setProfile);
    originalCreateDynamic =
        reinterpret_cast<_PyCFunctionFast>(reinterpret_cast<void*>(create->ml_meth));
    create->ml_meth = reinterpret_cast<PyCFunction>(reinterpret_cast<void*>(createDynamic));
}

bool anyThreadTraced() {
    PyInterpreterState* interp = PyInterpreterState_Get();
    for (PyThreadState* thread = PyInterpreterState_ThreadHead(interp); thread != nullptr;
         thread = PyThreadState_Next(thread)) {
        if (thread->c_tracefunc != nullptr || thread->c_profilefunc != nullptr)
            return true;
    }
    return false;
}

} // namespace

void prepareTracing() {
    static bool prepared = false;
    if (!std::exchange(prepared, true))
        watchForTracing();
    if (anyThreadTraced())
        noticeTracing();
}

void noticeEndOfTracing() {
    if (!tracingSeen || --callsBeforeLooking > 0)
        return;
    callsBeforeLooking = kCallsBeforeLooking;
    if (!anyThreadTraced()) {
        tracingSeen = false;
        allowWatching();
        allowEntryPatches();
    }
}

} // namespace pyston::host

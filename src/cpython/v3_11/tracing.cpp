#include "cpython/v3_11/tracing.h"

#include "cpython/v3_11/osr.h"

#include <cstring>

namespace pyston::host {

bool tracingSeen = false;

namespace {

// Between the event and its effect other code can run (audit hooks, the old trace object's
// finalizer).
constexpr int kCallsBeforeLooking = 1024;
int callsBeforeLooking = 0;

// A traced frame executes what counts co_warmup up, so that no calls may be left in it (isIdle()).
void noticeTracing() {
    callsBeforeLooking = kCallsBeforeLooking;
    if (tracingSeen)
        return;
    tracingSeen = true;
    forbidWatching();
    forbidEntryPatches();
    for (runtime::CodeData* data : runtime::allCode())
        wake(static_cast<HostCode*>(data));
}

// sys.settrace, sys.setprofile and the C functions behind them (cProfile, coverage) raise these
// events before they take effect.
int onAuditEvent(const char* event, PyObject*, void*) {
    if (event[0] != 's' ||
        (std::strcmp(event, "sys.settrace") != 0 && std::strcmp(event, "sys.setprofile") != 0)) {
        return 0;
    }
    noticeTracing();
    return 0;
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

bool prepareTracing() {
    static bool prepared = false;
    if (!prepared)
        prepared = PySys_AddAuditHook(onAuditEvent, nullptr) == 0;
    if (anyThreadTraced())
        noticeTracing();
    return prepared;
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

#include "cpython/v3_11/handlers.h"

#include "cpython/v3_11/frame_eval.h"
#include "cpython/v3_11/osr.h"
#include "cpython/v3_11/unwind.h"
#include "runtime/policy.h"

namespace pyston::host {
namespace {

// Where compiled code goes on with a frame that stands at a handler; null when it does not.
const void* handlerEntry(PyThreadState* tstate, HostCode* data, const Frame* frame,
                         const exits::Unwinding& unwinding) {
    if (tstate->cframe->use_tracing || !runtime::isActive() || !data->current)
        return nullptr;
    int32_t offset = unwinding.handler;
    const auto* at = static_cast<const uint8_t*>(unwinding.entry);
    const runtime::CodeBlob& code = *data->current;
    if (at > code.base && at < code.base + code.size) [[likely]]
        return at;
    if (const void* entry = code.entryAt(offset))
        return entry;
    if (!runtime::shouldCompileAtHandler(data, offset) ||
        !compileForFrame(data, frame, runtime::CompileWhy::kHandler, offset))
        return nullptr;
    return data->current->entryAt(offset);
}

} // namespace

PyObject* continueAtHandler(PyThreadState* tstate, Frame* frame,
                            const exits::Unwinding& unwinding) {
    if (HostCode* data = findHostCode(frame->f_code)) {
        if (const void* entry = handlerEntry(tstate, data, frame, unwinding)) {
            ++runtime::statistics().handlerEntries;
            return enterNative(tstate, frame, data->current->base, entry);
        }
        // Perhaps the code was never interpreted before; its loops lead back to compiled code.
        watchLoops(data);
    }
    return continueFrame(tstate, frame, 0);
}

bool mayThrowInto(PyThreadState* tstate, const HostCode* data, const Frame* frame) {
    return frame->owner == FRAME_OWNED_BY_GENERATOR && data != nullptr && data->current &&
           !tstate->cframe->use_tracing && runtime::isActive() && tstate->recursion_remaining > 1;
}

PyObject* throwInto(PyThreadState* tstate, HostCode* data, Frame* frame) {
    constexpr int kUnit = sizeof(_Py_CODEUNIT);
    const int offset = _PyInterpreterFrame_LASTI(frame) * kUnit;
    auto [place, isNew] = data->thrownInto.try_emplace(offset);
    exits::Unwinding& unwinding = place->second;
    if (isNew) {
        unwinding = findUnwinding(frame->f_code, offset);
        unwinding.line = PyCode_Addr2Line(frame->f_code, offset);
    }
    if (!unwindFrame(tstate, frame, unwinding, true))
        return nullptr;
    return continueAtHandler(tstate, frame, unwinding);
}

} // namespace pyston::host

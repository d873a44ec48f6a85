// Entering compiled code from frames that the interpreter has inlined.
//
// Without the frame evaluation hook the interpreter pushes the frame of a Python call itself, and
// goes on with the callee's instructions: nobody is asked. So that compiled code is entered there
// too, the three instructions after the callee's RESUME are overwritten (taken_frame.h).
//
// The same tells of the next call of a function that is not compiled (awaitsCall()): it is
// interpreted as under the hook.
//
// Contract: nobody executes the overwritten instructions as they were. Code is not patched while an
// activation stands before the end of them; a frame that is to be interpreted from there goes
// through interpretFrame(), which takes the patch away. It may be taken away at any time: an
// activation that has entered compiled code finds its RETURN_VALUE there nevertheless. Who reads
// instructions uses originalUnit() or OriginalEntry.
#pragma once

#include "cpython/v3_11/taken_frame.h"

namespace pyston::host {

struct EntryPatch {
    enum class Place : uint8_t { kUnknown, kNone, kFound } place = Place::kUnknown;
    TakePatch patch;
    int unit = 0;              // where it is put
    uint32_t callsRefused = 0; // since it was last found out whether the code can be patched
    uint32_t putInRun = 0;     // without the hook (unhooked.h), if it was put there in one

    bool stands() const { return patch.stands(); }
    bool wasRefused() const { return !stands() && place != Place::kNone; }
};

// Patches the code if that is possible now, and compiled code can be entered at its start (or its
// call is awaited: it is not idle then, see isIdle()).
void patchEntry(HostCode* data);
void unpatchEntry(HostCode* data);
void countRefused(HostCode* data); // see patchEntryLater()
// The frames of this thread will be out of sight: never patches what one of them has yet to
// execute.
void keepUnpatched(const PyThreadState* tstate);
void unpatchAllEntries();
// Nested: nothing is patched in between.
void forbidEntryPatches();
void allowEntryPatches();
// The interpreter executes the patch.
PyObject* enterTaken(PyThreadState* tstate, HostCode* data);

// The instruction at this byte offset, looking through patches (of adoption.h, too).
_Py_CODEUNIT originalUnit(const HostCode* data, PyCodeObject* code, int offset);

// While it lives the instructions are as they were.
class OriginalEntry {
  public:
    explicit OriginalEntry(HostCode* data);
    ~OriginalEntry();
    OriginalEntry(const OriginalEntry&) = delete;
    OriginalEntry& operator=(const OriginalEntry&) = delete;

  private:
    HostCode* data_;
};

// _PyEval_EvalFrameDefault() for a frame that may stand anywhere.
PyObject* interpretFrame(PyThreadState* tstate, Frame* frame, int throwflag);

} // namespace pyston::host

#include "cpython/v3_11/getitem_inlining.h"

#include "cpython/v3_11/code_data.h"
#include "cpython/v3_11/osr.h"

#include "pycore_gc.h"

#include <algorithm>
#include <link.h>
#include <vector>

namespace pyston::host {
namespace {

constexpr uint32_t kLargestShortVersion = UINT16_MAX;
constexpr int kMaxCalls = 3 * UINT16_MAX;

int callsLeft = 0;
uint32_t lastVersion = 0;

// The counter that the versions come from has no name that we could link with, but it lies among
// the writable data of the interpreter, and holds what the next version will be. A few versions
// tell it from all other words there; then the short ones need not be used up one by one.
class VersionCounter {
  public:
    // `version` was given out just now.
    void learn(uint32_t version) {
        if (written_ != nullptr)
            return check(version);
        if (rounds_++ == 0)
            dl_iterate_phdr(&VersionCounter::scanModule, &version);
        const auto isOther = [&](const uint32_t* word) { return *word != version + 1; };
        candidates_.erase(std::remove_if(candidates_.begin(), candidates_.end(), isOther),
                          candidates_.end());
        if (rounds_ < kRounds || candidates_.size() != 1 || version >= kLargestShortVersion)
            return;
        written_ = candidates_.front();
        before_ = *written_;
        *written_ = kLargestShortVersion + 1;
    }

  private:
    static constexpr int kRounds = 8;

    // It was that word, or the word gets its value back.
    void check(uint32_t version) {
        if (version <= kLargestShortVersion && *written_ == kLargestShortVersion + 1)
            *written_ = before_;
    }

    static int scanModule(dl_phdr_info* module, size_t, void* version) {
        const auto isIn = [&](const ElfW(Phdr) & segment, const void* address) {
            auto at = reinterpret_cast<uintptr_t>(address);
            uintptr_t start = module->dlpi_addr + segment.p_vaddr;
            return segment.p_type == PT_LOAD && at >= start && at < start + segment.p_memsz;
        };
        const auto* begin = module->dlpi_phdr;
        const auto* end = begin + module->dlpi_phnum;
        if (std::none_of(begin, end, [&](auto& s) { return isIn(s, &PyFunction_Type); }))
            return 0;
        std::for_each(begin, end, [&](const ElfW(Phdr) & segment) {
            if (segment.p_type == PT_LOAD && (segment.p_flags & PF_W) != 0)
                scan(module->dlpi_addr + segment.p_vaddr, segment.p_memsz,
                     *static_cast<uint32_t*>(version) + 1);
        });
        return 1;
    }

    static void scan(uintptr_t start, size_t bytes, uint32_t wanted) {
        auto* word = reinterpret_cast<uint32_t*>((start + 3) & ~uintptr_t{3});
        auto* end = reinterpret_cast<uint32_t*>((start + bytes) & ~uintptr_t{3});
        for (; end - word >= kBlock; word += kBlock)
            if (blockHas(word, wanted))
                collect(word, word + kBlock, wanted);
        collect(word, end, wanted);
    }

    static constexpr ptrdiff_t kBlock = 64;
    // Hardly any has. (The compiler makes vector operations of this loop.)
    static bool blockHas(const uint32_t* block, uint32_t wanted) {
        uint32_t hits = 0;
        for (ptrdiff_t k = 0; k < kBlock; ++k)
            hits |= static_cast<uint32_t>(block[k] == wanted);
        return hits != 0;
    }

    static void collect(uint32_t* word, uint32_t* end, uint32_t wanted) {
        for (; word < end; ++word)
            if (*word == wanted)
                candidates_.push_back(word);
    }

    inline static std::vector<uint32_t*> candidates_;
    int rounds_ = 0;
    uint32_t* written_ = nullptr;
    uint32_t before_ = 0;
};
VersionCounter counter;

// The loop below makes the interpreter specialize `box[0]` again and again, each time with the next
// free version for __getitem__, which calls this: takes the version away, and makes the instruction
// adaptive again. True to go on.
PyObject* takeVersion(PyObject*, PyObject*) {
    Frame* getItem = PyThreadState_Get()->cframe->current_frame;
    uint32_t& version = getItem->f_func->func_version;
    if (version != 0) {
        lastVersion = version;
        counter.learn(version);
    }
    version = 0;
    // An inlined frame's caller stands behind the caches of its instruction.
    _Py_CODEUNIT* subscript = getItem->previous->prev_instr;
    if (!getItem->is_entry)
        subscript -= INLINE_CACHE_ENTRIES_BINARY_SUBSCR;
    if (_PyOpcode_Deopt[_Py_OPCODE(*subscript)] != BINARY_SUBSCR)
        Py_RETURN_FALSE;
    _Py_SET_OPCODE(*subscript, BINARY_SUBSCR_ADAPTIVE);
    subscript[1] = 0; // the counter: specialize now
    return PyBool_FromLong(lastVersion < kLargestShortVersion && --callsLeft > 0);
}

constexpr const char* kLoop = R"(
def run():
    class Box:
        def __getitem__(self, key):
            return take()
    box = Box()
    while box[0]:
        pass
)";

// Neither watched nor compiled.
void leaveAlone(PyObject* function) {
    auto* code = reinterpret_cast<PyCodeObject*>(PyFunction_GET_CODE(function));
    if (HostCode* data = hostCode(code)) {
        data->neverPatch = true;
        data->suppressed = true;
    }
}

bool useUpShortVersions() {
    static PyMethodDef take = {"take", takeVersion, METH_NOARGS, nullptr};
    PyObject* globals = PyDict_New();
    PyObject* function = PyCFunction_New(&take, nullptr);
    PyObject* result = nullptr;
    if (globals != nullptr && function != nullptr &&
        PyDict_SetItemString(globals, "__builtins__", PyEval_GetBuiltins()) == 0 &&
        PyDict_SetItemString(globals, "take", function) == 0) {
        result = PyRun_String(kLoop, Py_file_input, globals, globals);
    }
    if (PyObject* run = result != nullptr ? PyDict_GetItemString(globals, "run") : nullptr) {
        leaveAlone(run);
        callsLeft = kMaxCalls;
        Py_DECREF(result);
        result = PyObject_CallNoArgs(run);
    }
    PyErr_Clear();
    if (globals != nullptr)
        PyDict_Clear(globals);
    Py_XDECREF(result);
    Py_XDECREF(function);
    Py_XDECREF(globals);
    return lastVersion >= kLargestShortVersion;
}

void dropShortVersionsIn(PyGC_Head* list) {
    for (PyGC_Head* head = _PyGCHead_NEXT(list); head != list; head = _PyGCHead_NEXT(head)) {
        auto* object = reinterpret_cast<PyObject*>(head + 1);
        if (!PyFunction_Check(object))
            continue;
        uint32_t& version = reinterpret_cast<PyFunctionObject*>(object)->func_version;
        if (version <= kLargestShortVersion)
            version = 0;
    }
}

bool preventNow() {
    if (!useUpShortVersions())
        return false;
    _gc_runtime_state& gc = PyInterpreterState_Get()->gc;
    for (gc_generation& generation : gc.generations)
        dropShortVersionsIn(&generation.head);
    dropShortVersionsIn(&gc.permanent_generation.head);
    markInlinedFrames();
    return true;
}

} // namespace

static enum { kNotTried, kTrying, kDone, kFailed } state = kNotTried;

bool preventGetItemInlining() {
    if (state == kNotTried) {
        state = kTrying; // the loop itself gets here as well
        state = preventNow() ? kDone : kFailed;
    }
    return state == kDone;
}

bool isGetItemInliningPrevented() {
    return state == kDone;
}

} // namespace pyston::host

#include "cpython/v3_11/getitem_inlining.h"

#include "cpython/v3_11/code_data.h"
#include "cpython/v3_11/osr.h"

#include "pycore_gc.h"

#include <algorithm>
#include <link.h>
#include <span>
#include <utility>
#include <vector>

namespace pyston::host {
namespace {

constexpr uint32_t kLargestShortVersion = UINT16_MAX;
constexpr int kMaxCalls = 3 * UINT16_MAX;

int callsLeft = 0;
uint32_t lastVersion = 0;

// The counter that the versions come from has no name that we could link with, but it lies among
// the writable data of the interpreter, and holds what the next version will be. A few versions
// tell it from all other words there; then the short ones need not be used up one by one. It is
// looked for near another small variable, where linkers put it, and only then everywhere: to look
// at all that data brings it into memory.
class VersionCounter {
  public:
    // `version` was given out just now.
    void learn(uint32_t version) {
        if (written_ != nullptr)
            return check(version);
        const uint32_t next = version + 1;
        if (rounds_++ == 0)
            for (const Words& words : writableData())
                collect(isNearby_ ? nearby(words) : words, next);
        std::erase_if(candidates_, [&](const uint32_t* word) { return *word != next; });
        if (candidates_.empty() && std::exchange(isNearby_, false))
            rounds_ = 0;
        if (rounds_ < kRounds || candidates_.size() != 1 || version >= kLargestShortVersion)
            return;
        written_ = candidates_.front();
        before_ = *written_;
        *written_ = kLargestShortVersion + 1;
    }

  private:
    using Words = std::span<uint32_t>;

    static constexpr int kRounds = 8;
    static constexpr size_t kNearbyBytes = 8192;
    static constexpr size_t kBlock = 64; // words

    // It was that word, or the word gets its value back.
    void check(uint32_t version) {
        if (version <= kLargestShortVersion && *written_ == kLargestShortVersion + 1)
            *written_ = before_;
    }

    static Words wordsBetween(uintptr_t begin, uintptr_t end) {
        begin = (begin + 3) & ~uintptr_t{3};
        return {reinterpret_cast<uint32_t*>(begin), end > begin ? (end - begin) / 4 : 0};
    }

    // The segments of the module that the function type is in.
    static std::vector<Words> writableData() {
        std::vector<Words> data;
        const auto add = [](dl_phdr_info* module, size_t, void* found) {
            std::vector<Words> own;
            bool isIt = false;
            for (const ElfW(Phdr) & segment : std::span(module->dlpi_phdr, module->dlpi_phnum)) {
                const uintptr_t start = module->dlpi_addr + segment.p_vaddr;
                if (segment.p_type != PT_LOAD || (segment.p_flags & PF_W) == 0)
                    continue;
                isIt |= reinterpret_cast<uintptr_t>(&PyFunction_Type) - start < segment.p_memsz;
                own.push_back(wordsBetween(start, start + segment.p_memsz));
            }
            if (isIt)
                *static_cast<std::vector<Words>*>(found) = std::move(own);
            return static_cast<int>(isIt);
        };
        dl_iterate_phdr(add, &data);
        return data;
    }

    static Words nearby(Words words) {
        const auto middle = reinterpret_cast<uintptr_t>(&Py_hexdigits);
        const auto begin = reinterpret_cast<uintptr_t>(words.data());
        return wordsBetween(std::max(begin, middle - kNearbyBytes),
                            std::min(begin + words.size_bytes(), middle + kNearbyBytes));
    }

    void collect(Words words, uint32_t wanted) {
        for (size_t i = 0; i < words.size(); i += kBlock) {
            const Words block = words.subspan(i, std::min(kBlock, words.size() - i));
            if (!has(block, wanted))
                continue;
            for (uint32_t& word : block)
                if (word == wanted)
                    candidates_.push_back(&word);
        }
    }

    // Hardly any block has. (The compiler makes vector operations of this loop.)
    static bool has(Words block, uint32_t wanted) {
        uint32_t hits = 0;
        for (const uint32_t word : block)
            hits |= static_cast<uint32_t>(word == wanted);
        return hits != 0;
    }

    std::vector<uint32_t*> candidates_;
    bool isNearby_ = true; // where they were looked for
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

} // namespace pyston::host

// Is this the interpreter that the structure offsets were compiled for? Real objects are read
// through Layout and compared with what the interpreter's own functions say.
#include "cpython/api.h"
#include "cpython/v3_11/code_data.h"

#include <cstring>
#include <string>

namespace pyston::host {
namespace {

class Owned {
  public:
    explicit Owned(PyObject* object) : object_(object) {}
    ~Owned() { Py_XDECREF(object_); }
    Owned(const Owned&) = delete;
    Owned& operator=(const Owned&) = delete;
    PyObject* get() const { return object_; }
    explicit operator bool() const { return object_ != nullptr; }

  private:
    PyObject* object_;
};

template<class T> T read(const void* base, int offset) {
    T value;
    std::memcpy(&value, static_cast<const char*>(base) + offset, sizeof value);
    return value;
}

bool checkNumbers(const Layout& l) {
    Owned integer(PyLong_FromLong(1000003)), number(PyFloat_FromDouble(2.5));
    Owned least(PyLong_FromLong(-l.smallIntsBelowZero));
    Owned greatest(PyLong_FromLong(l.smallIntsCount - l.smallIntsBelowZero - 1));
    const auto smallInt = [&](uint64_t index) {
        return reinterpret_cast<PyObject*>(l.smallIntsAddress + (index << l.log2SmallIntBytes));
    };
    return integer && number && least.get() == smallInt(0) &&
           greatest.get() == smallInt(static_cast<uint64_t>(l.smallIntsCount) - 1) &&
           read<uint32_t>(integer.get(), l.intDigits) == 1000003 &&
           read<Py_ssize_t>(integer.get(), l.varSize) == 1 &&
           read<PyObject*>(integer.get(), l.type) == classObject(hir::ExactClass::kInt) &&
           read<double>(number.get(), l.floatValue) == 2.5;
}

bool checkSequences(const Layout& l) {
    Owned item(PyFloat_FromDouble(1.5)), list(PyList_New(2));
    if (!item || !list)
        return false;
    PyList_SET_ITEM(list.get(), 0, Py_NewRef(Py_None));
    PyList_SET_ITEM(list.get(), 1, Py_NewRef(item.get()));
    Owned tuple(PyList_AsTuple(list.get())), iterator(PyObject_GetIter(list.get()));
    Owned tupleIterator(tuple ? PyObject_GetIter(tuple.get()) : nullptr);
    Owned cell(PyCell_New(item.get()));
    if (!tuple || !iterator || !tupleIterator || !cell)
        return false;
    Owned first(PyIter_Next(iterator.get())), firstOfTuple(PyIter_Next(tupleIterator.get()));
    auto* items = read<PyObject**>(list.get(), l.listItems);
    return items[1] == item.get() && read<Py_ssize_t>(list.get(), l.listAllocated) == 2 &&
           read<PyObject*>(tuple.get(), l.tupleItems + static_cast<int>(sizeof(PyObject*))) ==
               item.get() &&
           read<PyObject*>(cell.get(), l.cellContents) == item.get() &&
           read<PyObject*>(iterator.get(), l.listIterSequence) == list.get() &&
           read<Py_ssize_t>(iterator.get(), l.listIterIndex) == 1 &&
           read<PyObject*>(tupleIterator.get(), l.tupleIterSequence) == tuple.get() &&
           read<Py_ssize_t>(tupleIterator.get(), l.tupleIterIndex) == 1;
}

bool checkRangeIterator(const Layout& l) {
    Owned range(PyObject_CallFunction(reinterpret_cast<PyObject*>(&PyRange_Type), "iii", 3, 20, 4));
    Owned iterator(range ? PyObject_GetIter(range.get()) : nullptr);
    Owned first(iterator ? PyIter_Next(iterator.get()) : nullptr);
    if (!first || exactClassOf(iterator.get()) != hir::ExactClass::kRangeIterator)
        return false;
    return read<long>(iterator.get(), l.rangeIndex) == 1 &&
           read<long>(iterator.get(), l.rangeStart) == 3 &&
           read<long>(iterator.get(), l.rangeStep) == 4 &&
           read<long>(iterator.get(), l.rangeLength) == 5;
}

bool checkDicts(const Layout& l) {
    Owned dict(Py_BuildValue("{s:d}", "a", 1.0));
    if (!dict)
        return false;
    PyObject* value = PyDict_GetItemString(dict.get(), "a");
    auto* keys = read<const char*>(dict.get(), l.dictKeys);
    int entries = l.keysIndices + (1 << read<uint8_t>(keys, l.keysLog2IndexBytes));
    return read<void*>(dict.get(), l.dictValues) == nullptr &&
           read<PyObject*>(keys, entries + l.unicodeEntryValue) == value;
}

// An instance with inline values, and what its class says of them.
bool checkInstances(const Layout& l) {
    Owned type(PyObject_CallFunction(reinterpret_cast<PyObject*>(&PyType_Type), "s(){}", "Probe"));
    Owned instance(type ? PyObject_CallNoArgs(type.get()) : nullptr);
    Owned value(PyFloat_FromDouble(3.5));
    if (!instance || !value || PyObject_SetAttrString(instance.get(), "x", value.get()) < 0)
        return false;
    Owned again(PyObject_GetAttrString(instance.get(), "x"));
    auto* values = read<const char*>(instance.get(), l.instanceValues);
    if (again.get() != value.get() || values == nullptr)
        return false;
    return read<PyObject*>(values, l.valuesFirst) == value.get() &&
           read<PyObject*>(instance.get(), l.instanceDict) == nullptr &&
           read<uint32_t>(type.get(), l.tpVersionTag) != 0 &&
           read<Py_ssize_t>(type.get(), l.tpDictOffset) != 0 &&
           read<void*>(type.get(), l.tpHeapCachedKeys) != nullptr;
}

bool checkFrames(const Layout& l) {
    PyFrameObject* object = PyEval_GetFrame();
    if (object == nullptr)
        return true; // nothing runs
    Owned code(reinterpret_cast<PyObject*>(PyFrame_GetCode(object)));
    Owned globals(PyFrame_GetGlobals(object));
    auto* cframe = read<const char*>(PyThreadState_Get(), l.threadCframe);
    auto* frame = read<const char*>(cframe, l.cframeCurrentFrame);
    if (frame == nullptr || read<PyObject*>(frame, l.frameCode) != code.get() ||
        read<PyObject*>(frame, l.frameGlobals) != globals.get() ||
        read<PyObject*>(frame, l.frameObject) != reinterpret_cast<PyObject*>(object)) {
        return false;
    }
    auto* function = read<PyObject*>(frame, l.frameFunction);
    if (!PyFunction_Check(function) || read<PyObject*>(function, l.functionCode) != code.get() ||
        read<PyObject*>(function, l.functionClosure) != PyFunction_GetClosure(function))
        return false;
    auto* instruction = read<const char*>(frame, l.framePrevInstr);
    auto* first = reinterpret_cast<const char*>(code.get()) + l.codeInstructions;
    return instruction - first == PyFrame_GetLasti(object);
}

bool checkGenerators(const Layout& l) {
    Owned globals(PyDict_New());
    if (!globals || PyDict_SetItemString(globals.get(), "__builtins__", PyEval_GetBuiltins()) < 0)
        return false;
    Owned generator(PyRun_String("(x for x in ())", Py_eval_input, globals.get(), globals.get()));
    if (!generator || !PyGen_CheckExact(generator.get()))
        return false;
    Owned code(PyObject_GetAttrString(generator.get(), "gi_code"));
    auto* frame = reinterpret_cast<PyGenObject*>(generator.get())->gi_iframe;
    return code && read<PyObject*>(frame, l.frameCode) == code.get() &&
           read<int8_t>(frame, l.generatorFrameState) == FRAME_CREATED &&
           read<char>(frame, l.frameOwner) == FRAME_OWNED_BY_GENERATOR;
}

bool checkCodeExtra(const Layout&) {
    Owned code(reinterpret_cast<PyObject*>(PyCode_NewEmpty("probe", "probe", 1)));
    if (!code || !prepareCodeData())
        return false;
    runtime::CodeData* made = codeData(code.get(), true);
    void* stored = nullptr;
    return made != nullptr && _PyCode_GetExtra(code.get(), codeExtraIndex, &stored) == 0 &&
           stored == static_cast<HostCode*>(made) &&
           findHostCode(reinterpret_cast<PyCodeObject*>(code.get())) == stored;
}

constexpr struct {
    const char* what;
    bool (*holds)(const Layout&);
} kProbes[] = {
    {"numbers", checkNumbers},
    {"sequences", checkSequences},
    {"range iterators", checkRangeIterator},
    {"dicts", checkDicts},
    {"instances", checkInstances},
    {"frames", checkFrames},
    {"generators", checkGenerators},
    {"code objects", checkCodeExtra},
};

} // namespace

std::string selfCheck() {
    constexpr unsigned long kMinor = 16; // bits below major.minor in PY_VERSION_HEX
    if (Py_Version >> kMinor != PY_VERSION_HEX >> kMinor) {
        return "Pyston was built for Python " + std::to_string(PY_MAJOR_VERSION) + "." +
               std::to_string(PY_MINOR_VERSION) + " and this is Python " + Py_GetVersion() + ".";
    }
    if (PyInterpreterState_Get() != PyInterpreterState_Main())
        return "Pyston runs in the main interpreter only.";
    PyObject* abiFlags = PySys_GetObject("abiflags");
    if (abiFlags != nullptr && PyUnicode_Check(abiFlags) && PyUnicode_GET_LENGTH(abiFlags) != 0)
        return "Pyston does not run in debug builds of Python.";
    for (const auto& probe : kProbes) {
        bool holds = probe.holds(layout());
        PyErr_Clear();
        if (!holds) {
            return std::string(
                       "This Python has other internal structures than the one Pyston was ") +
                   "built for (" + probe.what + ").";
        }
    }
    return {};
}

} // namespace pyston::host

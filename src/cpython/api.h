// The only interface to the interpreter. Everything that knows a CPython version implements it, in
// one folder per version (v3_11/); nothing outside src/cpython includes a CPython header
// (src/module, which defines the Python-visible API, includes the public Python.h only).
#pragma once

#include "build/bytecode.h"
#include "cpython/layout.h"
#include "exits/exit_table.h"
#include "hir/type.h"
#include "support/fwd.h"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace pyston::runtime {
struct CodeData;
struct CodeBlob;
} // namespace pyston::runtime

namespace pyston::host {

const Layout& layout(); // cpython/layout.h

// --- objects the compiler refers to
Object* none();
Object* trueObject();
Object* falseObject();
Object* classObject(hir::ExactClass c); // the type object; null for kUnknown
hir::ExactClass exactClassOf(Object* object);
// What arrays of this class (see hir::isArray) have as their descriptor; 0 when none was seen.
uint64_t arrayDescriptor(hir::ExactClass c);
// The iterator classes that loops are specialized for.
Object* generatorClass();
Object* coroutineClass();
uint32_t typeVersion(Object* object); // of the object's class; 0 when it has none
Object* classOf(Object* object);      // borrowed
// The int value if `object` is exactly an int that fits, else nothing.
std::optional<int64_t> intValue(Object* object);
std::optional<double> floatValue(Object* object);
// References of compiled code, and of code that is being compiled, which the garbage collector is
// shown (runtime::CodeBlob::references, CodeData::keptForCompilation).
void refer(Object* object);
void unrefer(Object* object);
// Functions, classes, modules and descriptors: compiled code names their addresses, and does not
// keep them alive. As long as code names one no other object gets its address.
bool isHeldWeakly(Object* object);
void nameWeakly(Object* object);
void forgetName(Object* object);
// Lives as long as the process, so that code needs no reference to it: None, True, static
// classes...
bool isPermanent(Object* object);
std::string reprForDump(Object* object); // short, never runs Python code

// --- feedback: what a guarded load would find now (borrowed; null when not applicable)
struct DictEntry {
    Object* value = nullptr;
    int64_t offset = 0; // of where the value is, in bytes from the dict's keys
};
DictEntry dictEntry(Object* dict, uint32_t keysVersion, int64_t index);
// Where a dict has a name now: at that index, or nowhere (-1), for as long as its keys have that
// version, which they are given if need be. Version 0: nothing can be said of this dict.
struct DictKey {
    uint32_t version = 0;
    int64_t index = -1;
};
DictKey dictKey(Object* dict, Object* name);
Object* builtinsOfCode(Object* code);
// For a Python function: its code object, or null for anything else.
Object* functionCode(Object* function);
Object* functionGlobals(Object* function); // of a Python function, as the next one
Object* functionBuiltins(Object* function);
struct BuiltinInfo { // a builtin_function_or_method or method_descriptor
    enum Convention {
        kNotBuiltin,
        kO,
        kNoArgs,
        kFast,
        kFastKeywords,
        kVarArgs
    } convention = kNotBuiltin;
    Object* ownerClass = nullptr; // method descriptors: class that self must be an instance of
};
BuiltinInfo builtinInfo(Object* callable);
// What a direct call needs to know of a code object.
struct CodeInfo {
    int argCount = 0, kwOnlyCount = 0, flags = 0;
};
CodeInfo codeInfo(Object* code);
// How the arguments of a call become the parameters of a Python function.
struct BoundParameter {
    int argument = -1;       // which of the call's arguments it is, or
    int defaultIndex = -1;   // this item of the function's defaults,
    Object* value = nullptr; // which is this object
    bool isImmortal = false; // that always exists
};
struct CallBinding {
    bool fits = false; // else the call is refused, or its arguments are too many to say
    // While the function has this version its code and its defaults are these.
    uint32_t version = 0;
    int64_t defaultsOffset = 0; // where a function has the tuple of its defaults
    std::vector<BoundParameter> parameters;
};
// Of `count` arguments, the last of them named by the tuple `kwnames` (may be null).
CallBinding bindCall(Object* function, int64_t count, Object* kwnames);
// Builtins that the compiler has operations for (the objects that the interpreter's own
// specializations compare with).
enum class KnownBuiltin : uint8_t { kNone, kLen, kIsInstance, kListAppend, kAbs, kSqrt };
KnownBuiltin knownBuiltin(Object* callable);
// How an attribute of a class's instances is found, for as long as the class keeps its version.
// What it names is borrowed, and alive for as long.
struct AttributeAccess {
    enum Kind : uint8_t {
        kUnknown,       // not by what is here
        kInstanceValue, // index: among the class's shared keys, or -1; object: what instances
                        // without have from the class if it binds nothing, else null
        kSlot,          // index: byte offset of a __slots__ member
        kType,          // the instance's class
        kMethod,        // object: function to be called with the instance first
        kStaticMethod,  // object: function that `owner`, the descriptor, has at byte `index`
        kClassMethod,   // as kStaticMethod: to be called with the class first
        kClassValue,    // object: attribute of the class that binds nothing
        kProperty,      // object: its getter, a Python function, which `owner` has at byte `index`
    } kind = kUnknown;
    int64_t index = 0;
    // Methods of each kind, kClassValue: an instance does not hide it as long as its class's shared
    // keys have this many entries and its values are inline; -1: instances cannot hide it.
    int64_t sharedKeys = -1;
    int64_t typeOffset = 0; // byte offset of an instance's class
    Object* object = nullptr;
    Object* owner = nullptr; // kInstanceValue, kMethod, kClassValue: what the class has, or null
    // All this as long as the class of what the class has keeps this version; 0: for good.
    uint32_t descriptorVersion = 0;
};
AttributeAccess attributeLoad(uint32_t typeVersion, Object* name);
AttributeAccess attributeStore(uint32_t typeVersion, Object* name); // kInstanceValue or kSlot
// The Python function that a subscript of an instance calls, or a store to one, for as long as the
// class keeps its version; borrowed, null when it is none.
Object* subscriptFunction(uint32_t typeVersion, bool stores);
// The Python function that an operator asks first, see special_methods.h: BINARY_OP and COMPARE_OP
// with these arguments, for as long as the left operand's class keeps its version; borrowed, or
// null.
Object* operatorFunction(uint32_t typeVersion, int oparg);
Object* comparisonFunction(uint32_t typeVersion, int oparg);
Object* notImplemented();
// An attribute of a class itself, for as long as the class has this version.
struct ClassAttribute {
    uint32_t version = 0;
    uint32_t metaVersion = 0; // and its metaclass this one; 0: that cannot change
    AttributeAccess access;   // kClassValue, kStaticMethod or kClassMethod; else kUnknown
};
ClassAttribute classAttribute(Object* type, Object* name);
// Address of the C function of a double that a function of module math calls, if it calls that for
// every float and an infinite or undefined result is all that it treats as an error; else 0.
uint64_t mathFunction(Object* callable);
// A class whose call takes nothing but memory for an instance and a call of its __init__, a Python
// function (borrowed), as long as the class has this version; null for others.
struct Constructor {
    uint32_t version = 0;
    Object* init = nullptr;
};
Constructor constructor(Object* type);
// The dict of a module object, where the module has it, in bytes, and its class's version, for
// exactly class module, else nulls. (What is a module may get another class.)
struct ModuleInfo {
    Object* dict = nullptr;
    int64_t dictOffset = 0;
    uint32_t typeVersion = 0;
};
ModuleInfo moduleInfo(Object* object);
// Functions, builtins, classes and modules: what a global usually keeps naming.
bool isStableGlobal(Object* object);
// An immortal 0, 0.0 or False; null for other classes.
Object* zeroOf(hir::ExactClass c);

// --- bytecode
build::Bytecode decode(Object* code);
int instructionAddressOffset(); // Layout::codeInstructions

// --- code objects and versions
// The CodeData of a code object, made at the first request; dies with the code object.
runtime::CodeData* codeData(Object* code, bool create);
// Dead functions and generators whose memory is kept for new ones, a block of it each.
size_t freeObjects();
// Calls are looked at again: something compiled may be entered, or the thresholds have changed.
void wakeCode(runtime::CodeData* data);

// What can be entered at the start of the code, or where it resumes, has changed.
void noticeEntry(runtime::CodeData* data);
// Something is about to be compiled. What only compiled code needs to be told of is left to the
// interpreter until then.
void noticeCompilation();
// What was compiled meanwhile has loops that may be running.
void noticeLoopCode();

// --- control
// Has the interpreter call `function` soon, on its main thread, with the GIL; 0 is success. Any
// thread may ask, without the GIL, as long as the interpreter has not begun to end. It may come to
// nothing (too many such calls), or wait until the main thread next takes the GIL.
void callSoon(int (*function)(void*), void* argument);
// Has the interpreter call `function` when it begins to end, with what the module atexit was given
// (later registrations first), with the GIL. To be asked for again now and then: a program may
// forget all registrations.
void callAtExit(void (*function)());
// Checks the interpreter's version and struct layouts. Returns an empty string if Pyston can run in
// it, else one sentence for the user.
std::string selfCheck();
// Takes over frame evaluation of the current interpreter / gives it back.
bool install();
void uninstall();
bool isInstalled();

// Called by exit stubs, see cpu::RuntimeAddresses.
uint64_t materializeAddress();
uint64_t resumeAddress();
uint64_t observeAddress();
uint64_t deallocAddress();

} // namespace pyston::host

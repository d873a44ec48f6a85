#include "cpython/v3_11/frames.h"

#include <cstring>

namespace pyston::host {
namespace {

constexpr size_t kChunkBytes = 16 * 1024;
constexpr size_t kChunkOverheadWords = 1000;

// The frame object outlives the frame: it takes the frame's content along.
void giveToFrameObject(PyThreadState* tstate, PyFrameObject* object, Frame* frame) {
    auto* moved = reinterpret_cast<Frame*>(object->_f_frame_data);
    char* end = reinterpret_cast<char*>(&frame->localsplus[frame->stacktop]);
    std::memcpy(static_cast<void*>(moved), frame,
                static_cast<size_t>(end - reinterpret_cast<char*>(frame)));
    object->f_frame = moved;
    moved->owner = FRAME_OWNED_BY_FRAME_OBJECT;
    if (_PyFrame_IsIncomplete(moved)) {
        PyCodeObject* code = moved->f_code;
        moved->prev_instr = _PyCode_CODE(code) + code->_co_firsttraceable;
    }
    // f_back becomes a real reference; PyThreadState_GetFrame makes the object of the first
    // complete frame.
    if (moved->previous != nullptr) {
        Frame* current = tstate->cframe->current_frame;
        tstate->cframe->current_frame = moved->previous;
        object->f_back = PyThreadState_GetFrame(tstate);
        tstate->cframe->current_frame = current;
        if (object->f_back != nullptr)
            moved->previous = nullptr;
    }
    if (!PyObject_GC_IsTracked(reinterpret_cast<PyObject*>(object)))
        PyObject_GC_Track(object);
}

void popFrame(PyThreadState* tstate, Frame* frame) {
    auto** base = reinterpret_cast<PyObject**>(frame);
    _PyStackChunk* chunk = tstate->datastack_chunk;
    if (base != &chunk->data[0]) {
        tstate->datastack_top = base;
        return;
    }
    _PyStackChunk* previous = chunk->previous;
    tstate->datastack_top = &previous->data[previous->top];
    tstate->datastack_chunk = previous;
    tstate->datastack_limit =
        reinterpret_cast<PyObject**>(reinterpret_cast<char*>(previous) + previous->size);
    PyObjectArenaAllocator arenas;
    PyObject_GetArenaAllocator(&arenas);
    arenas.free(arenas.ctx, chunk, chunk->size);
}

} // namespace

Frame* pushFrameInNewChunk(PyThreadState* tstate, size_t words) {
    size_t bytes = kChunkBytes;
    while (bytes < sizeof(PyObject*) * (words + kChunkOverheadWords))
        bytes *= 2;
    PyObjectArenaAllocator arenas;
    PyObject_GetArenaAllocator(&arenas);
    auto* chunk = static_cast<_PyStackChunk*>(arenas.alloc(arenas.ctx, bytes));
    if (chunk == nullptr)
        return nullptr;
    chunk->previous = tstate->datastack_chunk;
    chunk->size = bytes;
    chunk->top = 0;
    if (tstate->datastack_chunk != nullptr) {
        tstate->datastack_chunk->top =
            static_cast<size_t>(tstate->datastack_top - &tstate->datastack_chunk->data[0]);
    }
    tstate->datastack_chunk = chunk;
    tstate->datastack_limit = reinterpret_cast<PyObject**>(reinterpret_cast<char*>(chunk) + bytes);
    // The first chunk is never popped: its frames begin one word later than popFrame looks for.
    PyObject** base = &chunk->data[chunk->previous == nullptr ? 1 : 0];
    tstate->datastack_top = base + words;
    return reinterpret_cast<Frame*>(base);
}

void clearFrame(PyThreadState* tstate, Frame* frame) {
    if (PyFrameObject* object = frame->frame_obj) {
        frame->frame_obj = nullptr;
        bool survives = Py_REFCNT(object) > 1;
        if (survives)
            giveToFrameObject(tstate, object, frame);
        Py_DECREF(object);
        if (survives)
            return;
    }
    for (int i = 0; i < frame->stacktop; ++i)
        Py_XDECREF(frame->localsplus[i]);
    Py_XDECREF(frame->f_locals);
    Py_DECREF(frame->f_func);
    Py_DECREF(frame->f_code);
}

void clearAndPopFrameSlowly(PyThreadState* tstate, Frame* frame) {
    --tstate->recursion_remaining;
    clearFrame(tstate, frame);
    ++tstate->recursion_remaining;
    popFrame(tstate, frame);
}

} // namespace pyston::host

// SPDX-License-Identifier: Apache-2.0
//
// The sample module in Rust: the ABI as declared by hand, of which it uses the beginning of each
// table. Built with `rustc --crate-type cdylib`; panics abort, for they must not cross the boundary.
#![allow(non_camel_case_types)]

use std::os::raw::{c_char, c_void};

#[repr(C)]
#[derive(Clone, Copy)]
pub struct mh_str {
    p: *const c_char,
    n: usize,
}

#[repr(C)]
pub struct mh_kv {
    key: mh_str,
    value: mh_str,
}

#[repr(C)]
#[derive(Clone, Copy)]
pub struct mh_slice {
    p: *const u8,
    n: usize,
    owner: *mut c_void,
}

#[repr(C)]
pub struct mh_msg {
    v: *const mh_slice,
    n: u32,
    flags: u32,
}

type Call = *mut c_void;
type OnCall = extern "C" fn(*mut c_void, Call, *const mh_msg);

#[repr(C)]
pub struct mh_method {
    size: u32,
    kind: u32,
    name: mh_str,
    exec: u32,
    max_in_flight: u32,
    max_message: u32,
    reserved: u32,
    on_call: OnCall,
    ud: *mut c_void,
}

#[repr(C)]
pub struct mh_call_ops {
    size: u32,
    info: *const c_void,
    bind: *const c_void,
    pull: *const c_void,
    send_headers: extern "C" fn(Call, i32, *const mh_kv, usize) -> i32,
    send: *const c_void,
    finish: extern "C" fn(Call, *const mh_msg, *const c_void) -> i32,
}

#[repr(C)]
pub struct mh_host {
    size: u32,
    major: u16,
    minor: u16,
    call: *const mh_call_ops,
    query: extern "C" fn(*mut c_void, *const c_char) -> *const c_void,
}

#[repr(C)]
pub struct mh_grpc_1 {
    size: u32,
    descriptors: extern "C" fn(*mut c_void, *const u8, usize, *mut c_void) -> i32,
    service: extern "C" fn(*mut c_void, mh_str, *const mh_method, usize, usize, *mut c_void) -> i32,
}

#[repr(C)]
pub struct mh_http_1 {
    size: u32,
    route: extern "C" fn(*mut c_void, mh_str, mh_str, *const mh_method, *mut c_void) -> i32,
}

type Create =
    extern "C" fn(*const mh_host, *mut c_void, mh_str, *mut *mut c_void, *mut c_void) -> i32;

#[repr(C)]
pub struct mh_module {
    size: u32,
    flags: u32,
    create: Option<Create>,
    start: Option<extern "C" fn(*mut c_void, *mut c_void) -> i32>,
    reconfigure: Option<extern "C" fn(*mut c_void, mh_str, *mut c_void) -> i32>,
    drain: Option<extern "C" fn(*mut c_void, u64)>,
    destroy: Option<extern "C" fn(*mut c_void)>,
    fini: Option<extern "C" fn()>,
    query: Option<extern "C" fn(*mut c_void, *const c_char) -> *const c_void>,
}

#[repr(C)]
pub struct mh_note {
    namesz: u32,
    descsz: u32,
    kind: u32,
    name: [u8; 12],
    major: u16,
    built_minor: u16,
    needs_minor: u16,
    flags: u16,
    module: [u8; 48],
    version: [u8; 24],
    needs: [u8; 176],
}

const fn padded<const N: usize>(text: &[u8]) -> [u8; N] {
    let mut out = [0; N];
    let mut i = 0;
    while i < text.len() {
        out[i] = text[i];
        i += 1;
    }
    out
}

#[used]
#[link_section = ".note.meshhost"]
static NOTE: mh_note = mh_note {
    namesz: 9,
    descsz: (std::mem::size_of::<mh_note>() - 24) as u32,
    kind: 0x4d484d31,
    name: padded(b"meshhost"),
    major: 1,
    built_minor: 0,
    needs_minor: 0,
    flags: 0,
    module: padded(b"rust"),
    version: padded(b"1.0.0"),
    needs: padded(b"mh.grpc/1 mh.http/1"),
};

static DESCRIPTORS: &[u8] = include_bytes!(env!("DESCRIPTORS"));

fn text(s: &'static str) -> mh_str {
    mh_str { p: s.as_ptr() as *const c_char, n: s.len() }
}

extern "C" fn name(ud: *mut c_void, call: Call, first: *const mh_msg) {
    let ops = unsafe { &*(*(ud as *const Instance)).call };
    let request = unsafe { &*first };
    let mut slices: Vec<mh_slice> = match request.n {
        0 => Vec::new(),
        n => unsafe { std::slice::from_raw_parts(request.v, n as usize) }.to_vec(),
    };
    // Appending field 1 (text) sets it: the last occurrence wins.
    let field = b"\x0a\x04rust";
    slices.push(mh_slice { p: field.as_ptr(), n: field.len(), owner: std::ptr::null_mut() });
    let last = mh_msg { v: slices.as_ptr(), n: slices.len() as u32, flags: 0 };
    (ops.finish)(call, &last, std::ptr::null());
}

extern "C" fn http_name(ud: *mut c_void, call: Call, _first: *const mh_msg) {
    let ops = unsafe { &*(*(ud as *const Instance)).call };
    let kind = mh_kv { key: text("content-type"), value: text("text/plain") };
    let body = mh_slice { p: b"rust".as_ptr(), n: 4, owner: std::ptr::null_mut() };
    let last = mh_msg { v: &body, n: 1, flags: 0 };
    (ops.send_headers)(call, 200, &kind, 1);
    (ops.finish)(call, &last, std::ptr::null());
}

struct Instance {
    call: *const mh_call_ops,
}

fn method(ud: *mut Instance, on_call: OnCall) -> mh_method {
    mh_method {
        size: std::mem::size_of::<mh_method>() as u32,
        kind: 0,
        name: text("Name"),
        exec: 1,
        max_in_flight: 0,
        max_message: 0,
        reserved: 0,
        on_call,
        ud: ud as *mut c_void,
    }
}

extern "C" fn create(
    host: *const mh_host,
    instance: *mut c_void,
    _config: mh_str,
    ud: *mut *mut c_void,
    err: *mut c_void,
) -> i32 {
    let host = unsafe { &*host };
    let grpc = (host.query)(instance, b"mh.grpc/1\0".as_ptr() as *const c_char);
    let http = (host.query)(instance, b"mh.http/1\0".as_ptr() as *const c_char);
    if grpc.is_null() || http.is_null() {
        return -5;
    }
    let (grpc, http) = unsafe { (&*(grpc as *const mh_grpc_1), &*(http as *const mh_http_1)) };
    let state = Box::into_raw(Box::new(Instance { call: host.call }));
    let stride = std::mem::size_of::<mh_method>();
    let mut rc = (grpc.descriptors)(instance, DESCRIPTORS.as_ptr(), DESCRIPTORS.len(), err);
    if rc == 0 {
        let unary = method(state, name);
        rc = (grpc.service)(instance, text("sample.v1.Rust"), &unary, 1, stride, err);
    }
    if rc == 0 {
        let get = method(state, http_name);
        rc = (http.route)(instance, text("GET"), text("/sample/rust"), &get, err);
    }
    if rc != 0 {
        drop(unsafe { Box::from_raw(state) });
        return rc;
    }
    unsafe { *ud = state as *mut c_void };
    0
}

extern "C" fn destroy(ud: *mut c_void) {
    drop(unsafe { Box::from_raw(ud as *mut Instance) });
}

static TABLE: mh_module = mh_module {
    size: std::mem::size_of::<mh_module>() as u32,
    flags: 0,
    create: Some(create),
    start: None,
    reconfigure: None,
    drain: None,
    destroy: Some(destroy),
    fini: None,
    query: None,
};

#[no_mangle]
pub extern "C" fn mh_module_entry_v1(
    major: u16,
    _minor: u16,
    _err: *mut c_void,
) -> *const mh_module {
    if major == 1 {
        &TABLE
    } else {
        std::ptr::null()
    }
}

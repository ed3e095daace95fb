//! Words of LDAP's operations and results.
//!
//! Source: RFC 4511 sections 4.2 to 4.14 (operations) and 4.1.9 (results).

/// The operation of an application tag.
pub(super) const fn operation(tag: u16) -> Option<&'static str> {
    Some(match tag {
        0x60 => "bind_request",
        0x61 => "bind_response",
        0x42 => "unbind_request",
        0x63 => "search_request",
        0x64 => "search_result_entry",
        0x65 => "search_result_done",
        0x73 => "search_result_reference",
        0x66 => "modify_request",
        0x67 => "modify_response",
        0x68 => "add_request",
        0x69 => "add_response",
        0x4a => "del_request",
        0x6b => "del_response",
        0x6c => "mod_dn_request",
        0x6d => "mod_dn_response",
        0x6e => "compare_request",
        0x6f => "compare_response",
        0x50 => "abandon_request",
        0x77 => "extended_request",
        0x78 => "extended_response",
        0x79 => "intermediate_response",
        _ => return None,
    })
}

/// The word of a result.
pub(super) fn result(code: u64) -> String {
    let word = match code {
        0 => "success",
        1 => "operations_error",
        2 => "protocol_error",
        3 => "time_limit_exceeded",
        4 => "size_limit_exceeded",
        5 => "compare_false",
        6 => "compare_true",
        7 => "auth_method_not_supported",
        8 => "stronger_auth_required",
        10 => "referral",
        11 => "admin_limit_exceeded",
        12 => "unavailable_critical_extension",
        13 => "confidentiality_required",
        14 => "sasl_bind_in_progress",
        16 => "no_such_attribute",
        20 => "attribute_or_value_exists",
        32 => "no_such_object",
        34 => "invalid_dn_syntax",
        48 => "inappropriate_authentication",
        49 => "invalid_credentials",
        50 => "insufficient_access_rights",
        51 => "busy",
        52 => "unavailable",
        53 => "unwilling_to_perform",
        65 => "object_class_violation",
        68 => "entry_already_exists",
        80 => "other",
        _ => return code.to_string(),
    };
    word.to_owned()
}

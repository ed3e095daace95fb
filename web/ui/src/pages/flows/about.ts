// Which alerts speak of a flow: alerts are folded by rule, originator, responder and its port. A rule of the
// policy or of its catalogue gives no verdict, so that a flow that meets it does not carry its id.

import type { Alert, FlowRow } from '../../types';

export function alertsQuery(flow: FlowRow): Record<string, string> {
  return {
    address: String(flow.orig_address ?? ''),
    orig_zone: String(flow.orig_zone ?? ''),
    resp_zone: String(flow.resp_zone ?? ''),
  };
}

export function about(alert: Alert, flow: FlowRow): boolean {
  const isRule = alert.signature_id >= 3_000_000 && alert.signature_id <= 3_999_999;
  return (
    (isRule || alert.rule === flow.rule) &&
    alert.orig?.address === flow.orig_address &&
    alert.resp?.address === flow.resp_address &&
    alert.resp?.port === Number(flow.resp_port ?? 0) &&
    alert.protocol === flow.protocol
  );
}

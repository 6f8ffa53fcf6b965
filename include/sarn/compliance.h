/* compliance.h - the bundled module of compliance: limits, velocity, sanctions, a risk
 * score, and reviews by people.
 *
 * Register sarn_compliance_module with sarn_open(). The structs and descriptors are in
 * sarn/compliance_schema.h. There are two aggregates:
 *
 * A user's profile, "compliance-<user>": compliance.SetLimits, Watch, Unwatch, Screen,
 * Pass, CheckReview, DecideReview, ExpireReview, Settle, Withdraw.
 *   - Screen judges one transaction and always records the verdict: its band, its score
 *     and the points of each rule, or why it is refused whatever its score. What is not
 *     refused counts in the window from then on.
 *   - Pass is the question that everything which moves money asks in the same commit:
 *     is this transaction, over this amount, clear or approved, and within the limits
 * as they are now? Settle asks the same, and closes the screening.
 *   - A review waits until DecideReview (by anybody but the user) or ExpireReview.
 *   - Withdraw takes a transaction out again, settled or not: a compensation, which is
 *     accepted for one that was never screened, too.
 *
 * A subject of sanctions, "sanction-<subject>": compliance.List, Delist,
 * CheckNotListed. Each subject has a stream of its own, so that a list has no end and a
 * look-up costs the same however long it is. A subject is "user:<id>", "account:<id>"
 * or "name:<name>" with the name as sarn_compliance_name() writes it. Who screens asks
 * CheckNotListed of all concerned first and tells Screen whom it found.
 *
 * Refused whatever the score: somebody concerned is on a list; no limits were set for
 * the user, or in another currency; over the limit of one transaction; with it, over
 * the count or the sum of the window.
 *
 * The score, at most 100:
 *    20  half the limit of one transaction or more     40  four fifths of it or more
 *    10  half the window's sum or more, with it        25  four fifths of it or more
 *    15  four fifths of the window's count or more, with it
 *    20  the user is not fully verified
 *    35  the user is watched
 * The bands: clear below 40; review below 80; refused from 80 on.
 *
 * The window slides in steps of a 24th of its length: what is counted stays in it for
 * its length, and up to a 24th less. Its times are those of the commands.
 */
#ifndef SARN_COMPLIANCE_H
#define SARN_COMPLIANCE_H

#include "sarn/compliance_schema.h"
#include "sarn/module.h"

#ifdef __cplusplus
extern "C" {
#endif

#define SARN_COMPLIANCE_CATEGORY       "compliance"
#define SARN_COMPLIANCE_SANCTION       "sanction"
#define SARN_COMPLIANCE_REVIEW_SCORE   40u
#define SARN_COMPLIANCE_REFUSE_SCORE   80u
#define SARN_COMPLIANCE_WINDOW_SLICES  24u
#define SARN_COMPLIANCE_SCREENINGS_MAX 1024u /* Of one user, not settled. */

/* Aggregates "compliance" and "sanction". */
SARN_API extern const struct sarn_module sarn_compliance_module;

/* Write name to text (size bytes) as it stands in a subject: ASCII letters in lower
 * case, everything between letters and digits as one space, none at the ends. The same
 * name is so found however it was typed; other scripts are compared as they are.
 * *written: how many bytes. SARN_ERR_TOO_LARGE: they do not fit. [any thread] */
SARN_API SARN_MUST_USE sarn_status sarn_compliance_name(struct sarn_str name,
                                                        char *text,
                                                        uint32_t size,
                                                        uint32_t *written);

#ifdef __cplusplus
}
#endif
#endif

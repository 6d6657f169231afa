//! The list of all rules and the macros that expand it.

/// Passes all rules to another macro, grouped as `module (source kind?) { rules }`.
#[doc(hidden)]
#[macro_export]
macro_rules! __store_rules {
    ([$($then:tt)*]) => {
        $crate::__store_rules! { @with_keys [$($then)*]
            {
                a_key_leads_to_its_holder
                an_unheld_key_leads_nowhere
                a_new_account_cannot_take_a_held_key
                a_change_cannot_take_a_held_key
                the_taken_key_is_named_among_free_ones
                a_refused_creation_claims_nothing
                a_change_claims_a_free_key
                a_change_of_a_body_claims_and_releases
                a_released_key_leads_nowhere
                a_released_key_is_free_for_a_new_account
                a_released_key_is_free_for_an_existing_account
                a_former_holder_takes_its_key_back
                a_former_holder_has_no_claim
                one_change_exchanges_a_key
                a_key_moves_from_one_account_to_another
                two_accounts_swap_their_keys
                a_kept_key_stays_held
                a_refused_change_releases_nothing
                a_stale_change_claims_and_releases_nothing
                stale_wins_over_taken
                a_removed_account_frees_its_key
                a_removal_spares_keys_that_were_given_up
                a_stale_removal_frees_nothing
                an_account_made_again_holds_only_its_new_key
                one_of_many_new_accounts_gets_the_key
                one_of_many_changes_gets_the_key
            }
        }
    };
    (@with_keys [$($then:tt)*] $keys:tt) => {
        $($then)*! {
            keys_of_mailboxes (keys Mailbox) $keys
            keys_of_phones (keys Phone) $keys
            keys_of_identities (keys Identity) $keys
            keys_of_verified_mailboxes (keys VerifiedMailbox) $keys
            keys_of_targets (keys Target) $keys
            keys_of_target_identifiers (keys TargetIdentifier) $keys
            states (states) {
                a_new_store_is_empty
                a_created_account_is_found_by_every_key
                a_bare_account_is_kept
                accounts_without_keys_do_not_collide
                a_state_has_the_version_of_its_change
                the_body_is_the_same_with_and_without_attachment
                loading_changes_nothing
                an_id_is_created_once
                the_same_account_is_created_once
                a_creation_is_no_change_whatever_its_version
                one_of_several_taken_keys_is_named
                a_change_replaces_the_whole_account
                a_change_may_take_everything_off
                a_change_of_nothing_is_a_save
                many_changes_follow_each_other
                a_change_from_any_loaded_state_succeeds
                a_change_from_a_listed_state_succeeds
                a_change_from_an_earlier_state_is_stale
                a_version_that_never_was_is_stale
                a_change_compares_versions_and_not_values
                a_change_of_an_absent_account_is_stale
                a_change_of_a_removed_account_is_stale
                no_state_outlives_a_removal
                a_state_of_another_account_does_not_match
                a_refusal_leaves_the_account_usable
                a_change_leaves_others_alone
                a_removed_account_leaves_nothing
                a_removal_from_an_earlier_state_is_stale
                a_removal_happens_once
                a_removal_from_a_body_takes_all
                an_account_made_again_sees_nothing_of_the_old
                an_account_can_come_and_go
                a_removal_leaves_others_alone
                a_mailbox_is_one_key_however_it_is_held
                a_mailbox_held_twice_is_held_until_both_are_gone
                a_store_works_behind_a_pointer
            }
            attachments (attachments) {
                preferences_come_back
                preferences_are_empty_at_first
                an_account_made_without_attachment_has_empty_preferences
                a_change_keeps_loaded_preferences
                a_change_keeps_preferences_that_were_not_loaded
                a_change_replaces_preferences
                first_preferences_are_written
                unseen_preferences_are_replaced
                emptied_preferences_stay_empty
                one_change_replaces_body_and_preferences
                a_stale_change_leaves_preferences
                a_refused_change_leaves_preferences
                a_refused_creation_leaves_preferences
                preferences_are_kept_apart
                preferences_go_with_their_account
                preferences_survive_a_save_of_the_same_value
                preferences_are_kept_byte_by_byte
                the_largest_preferences_are_kept
                the_largest_preferences_of_wide_letters_are_kept
                a_body_comes_without_attachment_or_with_the_right_one
                a_body_is_stale_once_preferences_change
            }
            log (log) {
                entries_are_saved_with_a_creation
                entries_are_saved_with_a_change
                a_save_without_entries_adds_none
                a_log_may_be_empty
                a_stale_change_leaves_no_entry
                a_refused_change_leaves_no_entry
                a_refused_creation_leaves_no_entry
                an_entry_comes_back_whole
                appended_entries_join_the_log
                appending_changes_no_account
                entries_of_unknown_accounts_can_be_appended
                nothing_can_be_appended
                one_append_serves_several_accounts
                logs_are_kept_apart
                the_newest_entry_comes_first
                entries_of_one_instant_are_in_the_order_of_their_ids
                a_page_has_at_most_its_limit
                a_page_begins_at_its_offset
                beyond_the_end_of_a_log_is_nothing
                pages_cover_the_log
                a_long_log_is_counted
                a_log_belongs_to_the_id
                old_entries_are_forgotten
                an_entry_of_that_instant_is_kept
                no_more_entries_are_forgotten_than_asked_for
                a_limit_of_zero_forgets_nothing
                the_largest_limit_forgets_all
                entries_of_all_accounts_are_forgotten
                forgetting_changes_no_account
                an_empty_log_has_nothing_to_forget
                a_log_grows_again
                a_removal_takes_its_own_log
                a_stale_removal_leaves_the_log
                parallel_appends_lose_nothing
                parallel_forgetting_counts_once
            }
            listing (listing) {
                an_empty_store_lists_nothing
                accounts_are_listed_bytewise_by_id
                the_order_is_not_that_of_creation
                a_list_holds_what_is_stored
                a_list_follows_changes
                a_list_follows_removals
                a_list_has_at_most_its_limit
                a_list_goes_on_after_an_id
                a_list_goes_on_after_an_id_that_is_not_there
                pages_cover_all_accounts
                pages_go_on_while_accounts_come_and_go
                who_has_nothing_to_expire_is_never_due
                due_is_what_expires_by_that_instant
                the_earliest_due_comes_first
                the_earliest_session_counts
                accounts_due_in_one_instant_are_all_listed
                a_change_moves_what_is_due
                a_refused_change_moves_nothing
                what_is_due_can_be_worked_off
                the_ends_of_time_are_due_like_any_instant
            }
            values (values) {
                the_longest_ids_are_distinct
                the_shortest_ids_are_distinct
                ids_differ_in_case
                an_id_is_not_its_beginning
                ids_have_no_wildcards
                ids_that_look_like_numbers_are_texts
                the_longest_addresses_are_distinct
                addresses_with_quotes_are_kept
                addresses_with_percent_signs_are_no_patterns
                addresses_with_underscores_are_no_patterns
                addresses_with_special_characters_are_kept
                addresses_are_not_normalised_further
                phone_numbers_are_distinct
                the_longest_device_tokens_are_distinct
                device_tokens_that_look_alike_are_distinct
                device_tokens_with_special_characters_are_kept
                device_tokens_of_any_script_are_kept
                ids_of_providers_are_distinct
                providers_are_distinct
                kinds_of_keys_are_distinct
                an_account_may_hold_many_keys
                the_ends_of_time_are_kept
                instants_are_kept_to_the_millisecond
                every_version_is_kept
                versions_are_compared_in_full
                versions_belong_to_their_account
                names_of_any_script_are_kept
                counters_are_kept_in_full
                labels_keep_their_order
                sessions_keep_their_order
                a_large_account_is_kept
                many_accounts_are_kept
            }
            races (races) {
                no_change_is_lost
                no_change_by_another_key_is_lost
                the_log_has_an_entry_for_each_change
                one_of_many_changes_of_one_state_is_made
                one_of_many_creations_of_one_id_is_made
                one_of_many_removals_is_made
                a_change_and_a_removal_exclude_each_other
                swaps_of_keys_end
                changes_of_different_accounts_do_not_collide
                a_reader_never_sees_half_a_change
                a_key_and_its_account_agree_at_any_time
                a_list_holds_whole_states_at_any_time
                an_acknowledged_save_is_seen_by_everybody
            }
            cancellation (cancellation) {
                a_dropped_creation_is_whole_or_nothing
                a_dropped_change_is_whole_or_nothing
                a_dropped_removal_is_whole_or_nothing
                a_dropped_load_disturbs_nothing
                callers_who_give_up_take_nothing_along
                an_aborted_task_leaves_a_whole_state
            }
            service (service) {
                who_signs_up_can_sign_in
                one_address_signs_up_once
                one_id_signs_up_once
                many_sign_ins_keep_the_session_limit
                wrong_passwords_are_all_counted
                an_ended_session_is_dead_at_once
                a_change_of_email_moves_the_account
                preferences_stay_through_other_changes
                a_device_goes_with_its_session
                operations_leave_their_entries
                guesses_at_unknown_addresses_are_logged
                different_changes_are_all_made
                anonymous_accounts_do_not_collide
            }
        }
    };
}

/// Generates a test for every rule.
#[doc(hidden)]
#[macro_export]
macro_rules! __store_tests {
    ($($module:ident $source:tt { $($rule:ident)* })*) => {$(
        mod $module {
            $(
                #[tokio::test(flavor = "multi_thread", worker_threads = 4)]
                async fn $rule() {
                    let bench = super::conformance_bench().await;
                    $crate::conformance::store::check($crate::__store_rule!($source $rule bench)).await;
                }
            )*
        }
    )*};
}

/// Expands to the future of one rule.
#[doc(hidden)]
#[macro_export]
macro_rules! __store_rule {
    (($source:ident) $rule:ident $bench:ident) => {
        $crate::conformance::store::$source::$rule($bench)
    };
    (($source:ident $kind:ident) $rule:ident $bench:ident) => {
        $crate::conformance::store::$source::$rule($bench, $crate::conformance::store::KeyKind::$kind)
    };
}
